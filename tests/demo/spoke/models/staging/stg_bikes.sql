select
    bike_id,
    model as bike_model,
    electric,
    state as bike_state,
    updated_at
from {{ source('raw', 'bikes') }}
