{{ config(
    incremental_strategy='microbatch',
    event_time='month',
    batch_size='month',
    begin='2026-01-01',
    lookback=1,
    unique_key=['bike_id', 'month'],
    on_schema_change='sync_all_columns'
) }}

select
    bike_id,
    date_trunc('month', started_at, 'UTC') as month,
    count(*) as rides,
    sum(minutes) as minutes
from {{ ref('rides') }}
group by 1, 2
