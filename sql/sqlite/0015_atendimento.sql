-- The same as in ../mysql.

ALTER TABLE restaurante ADD COLUMN horarios TEXT;
ALTER TABLE restaurante ADD COLUMN excecoes TEXT;
ALTER TABLE restaurante ADD COLUMN pausa_ate TEXT;
ALTER TABLE restaurante ADD COLUMN atendimento_versao INTEGER NOT NULL DEFAULT 0;
