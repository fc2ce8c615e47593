-- The same as in ../mysql.

CREATE TABLE convites (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  resumo    TEXT    NOT NULL UNIQUE,
  nome      TEXT,
  criado_em TEXT    NOT NULL,
  expira_em TEXT    NOT NULL,
  usado_em  TEXT
) STRICT;
CREATE INDEX convites_criado_em ON convites (criado_em);

CREATE INDEX auditoria_tipo ON auditoria (tipo, ator, id);
