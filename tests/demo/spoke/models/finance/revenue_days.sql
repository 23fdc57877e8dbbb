{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['day', 'plan'],
    on_schema_change='ignore'
) }}

select
    r.started_at::date as day,
    r.plan,
    count(*) as rides,
    sum(t.unlock_cents + t.cents_per_minute * r.minutes) / 100 as revenue
from {{ ref('rides') }} as r
join {{ ref('tariffs') }} as t using (plan)
{% if is_incremental() %}
where r.started_at::date >= (select max(day) from {{ this }})
{% endif %}
group by 1, 2
