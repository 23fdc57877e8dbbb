{{ config(
    incremental_strategy='delete+insert',
    unique_key=['station_id', 'hour'],
    on_schema_change='append_new_columns',
    tags=['hourly']
) }}

select
    from_station_id as station_id,
    date_trunc('hour', started_at) as hour,
    count(*) as rides,
    count(distinct rider_id) as riders,
    sum(minutes) as minutes
from {{ ref('rides') }}
{% if is_incremental() %}
where started_at >= (select max(hour) - interval '3 hours' from {{ this }})
{% endif %}
group by 1, 2
