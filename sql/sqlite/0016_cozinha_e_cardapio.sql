-- The same as in ../mysql.

ALTER TABLE restaurante ADD COLUMN minutos_amarelo INTEGER NOT NULL DEFAULT 10;
ALTER TABLE restaurante ADD COLUMN minutos_vermelho INTEGER NOT NULL DEFAULT 20;
ALTER TABLE restaurante ADD COLUMN categorias TEXT NOT NULL DEFAULT '[1,2,3,4]';
