select
    s.district,
    sum(h.rides) as rides,
    sum(h.minutes) as minutes,
    rank() over (order by sum(h.rides) desc) as place
from {{ ref('station_hours') }} as h
join {{ ref('stations') }} as s using (station_id)
group by 1
