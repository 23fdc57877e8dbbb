{{ config(
    incremental_strategy='merge',
    unique_key='ride_id',
    on_schema_change='fail',
    tags=['hourly'],
    indexes=[{'columns': ['ride_id'], 'unique': true}, {'columns': ['started_at']}]
) }}

select
    ride_id,
    bike_id,
    rider_id,
    from_station_id,
    to_station_id,
    plan,
    started_at,
    ended_at,
    {{ minutes_between('started_at', 'ended_at') }} as minutes,
    loaded_at
from {{ ref('stg_rides') }}
{% if is_incremental() %}
where loaded_at > (select max(loaded_at) from {{ this }})
{% endif %}
