-- The same as in ../mysql.

CREATE TABLE webhooks (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  url                 TEXT    NOT NULL,
  tipos               TEXT    NOT NULL,
  situacao            INTEGER NOT NULL,
  segredo             TEXT    NOT NULL,
  segredo_anterior    TEXT,
  anterior_ate        TEXT,
  criada_em           TEXT    NOT NULL,
  criada_por          TEXT    NOT NULL,
  sequencia           INTEGER NOT NULL,
  falhas              INTEGER NOT NULL DEFAULT 0,
  falhando_desde      TEXT,
  sucesso_em          TEXT,
  erro                TEXT,
  erro_em             TEXT,
  desligada_em        TEXT,
  desistidas          INTEGER NOT NULL DEFAULT 0,
  desistida_sequencia INTEGER,
  desistida_em        TEXT,
  versao              INTEGER NOT NULL DEFAULT 1,
  turno               INTEGER NOT NULL DEFAULT 0,
  arrendada_ate       TEXT
) STRICT;

CREATE TABLE webhook_repeticoes (
  webhook     INTEGER NOT NULL,
  sequencia   INTEGER NOT NULL,
  tentativas  INTEGER NOT NULL,
  primeira_em TEXT    NOT NULL,
  proxima_em  TEXT    NOT NULL,
  PRIMARY KEY (webhook, sequencia)
) STRICT;
CREATE INDEX webhook_repeticoes_proxima_em ON webhook_repeticoes (webhook, proxima_em);
