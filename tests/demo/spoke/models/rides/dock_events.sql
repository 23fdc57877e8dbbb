{{ config(incremental_strategy='append', tags=['hourly']) }}

select
    event_id,
    station_id,
    dock,
    kind,
    happened_at,
    loaded_at
from {{ ref('stg_dock_events') }}
{% if is_incremental() %}
where loaded_at > (select max(loaded_at) from {{ this }})
{% endif %}
