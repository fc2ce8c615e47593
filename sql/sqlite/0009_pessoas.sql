-- The same as in ../mysql.

CREATE TABLE funcionarios (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  nome         TEXT    NOT NULL,
  papel        TEXT    NOT NULL,
  pin          TEXT    NOT NULL,
  senha        TEXT,
  criado_em    TEXT    NOT NULL,
  desligado_em TEXT
) STRICT;

CREATE TABLE terminais (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  nome             TEXT    NOT NULL,
  papel            TEXT    NOT NULL,
  resumo           TEXT    UNIQUE,
  codigo           TEXT    UNIQUE,
  codigo_expira_em TEXT,
  criado_em        TEXT    NOT NULL,
  inscrito_em      TEXT,
  revogado_em      TEXT
) STRICT;

CREATE TABLE sessoes (
  resumo       TEXT    NOT NULL PRIMARY KEY,
  funcionario  INTEGER NOT NULL,
  terminal     INTEGER,
  criada_em    TEXT    NOT NULL,
  usada_em     TEXT    NOT NULL,
  encerrada_em TEXT
) STRICT;
CREATE INDEX sessoes_criada_em ON sessoes (criada_em);
CREATE INDEX sessoes_funcionario ON sessoes (funcionario);

CREATE TABLE tentativas (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  origem      TEXT    NOT NULL,
  funcionario INTEGER NOT NULL,
  feita_em    TEXT    NOT NULL,
  perdoada    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tentativas_origem ON tentativas (origem, feita_em);
CREATE INDEX tentativas_feita_em ON tentativas (feita_em);
