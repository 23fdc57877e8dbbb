select ride_id
from {{ ref('rides') }}
where ended_at < started_at
