-- The same as in ../mysql.

CREATE TABLE chaves (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  nome         TEXT    NOT NULL,
  papel        TEXT    NOT NULL,
  resumo       TEXT    NOT NULL UNIQUE,
  criada_em    TEXT    NOT NULL,
  criada_por   TEXT    NOT NULL,
  expira_em    TEXT,
  revogada_em  TEXT,
  usada_em     TEXT
) STRICT;

CREATE TABLE auditoria (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  datahora TEXT    NOT NULL,
  tipo     TEXT    NOT NULL,
  ator     TEXT    NOT NULL,
  alvo     TEXT,
  detalhe  TEXT
) STRICT;
CREATE INDEX auditoria_datahora ON auditoria (datahora);

ALTER TABLE restaurante ADD COLUMN versao_acesso INTEGER NOT NULL DEFAULT 1;
ALTER TABLE restaurante ADD COLUMN segredo TEXT;
