-- The same as in ../mysql.

ALTER TABLE produtos ADD COLUMN ordem INTEGER;
