-- How file_copy copies a file, for this session (18 and later): copy, or clone, where the file system shares the blocks.
SELECT pg_catalog.set_config('file_copy_method', :'method', false);
