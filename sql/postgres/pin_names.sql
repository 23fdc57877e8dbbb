-- For the whole session: names are looked up in the catalog alone. By default a schema with the name of our role comes first in
-- the search path, and whoever may create schemas can make it, with functions that fit better than the catalog's.
SELECT pg_catalog.set_config('search_path', '', false);
