select
    event_id,
    station_id,
    dock,
    kind,
    happened_at,
    loaded_at
from {{ source('raw', 'dock_events') }}
