-- A ride is sent again when it is corrected; the last message counts.
select distinct on (ride_id)
    ride_id,
    bike_id,
    rider_id,
    from_station as from_station_id,
    to_station as to_station_id,
    plan,
    started_at,
    ended_at,
    loaded_at
from {{ source('raw', 'ride_messages') }}
order by ride_id, loaded_at desc
