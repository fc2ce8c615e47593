BEGIN TRANSACTION;
CREATE TABLE categoria_produto (
  id   INTEGER PRIMARY KEY,
  nome TEXT NOT NULL
) STRICT;
INSERT INTO "categoria_produto" VALUES(1,'Lanche');
INSERT INTO "categoria_produto" VALUES(2,'Acompanhamento');
INSERT INTO "categoria_produto" VALUES(3,'Bebida');
INSERT INTO "categoria_produto" VALUES(4,'Sobremesa');
CREATE TABLE clientes (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  cpf             TEXT UNIQUE,
  nome            TEXT,
  username        TEXT,
  email           TEXT UNIQUE,
  telefone        TEXT,
  hashed_password TEXT,
  ativo           INTEGER NOT NULL DEFAULT 1,
  apagado_em      TEXT
) STRICT;
INSERT INTO "clientes" VALUES(1,'52998224725','Maria das Dores Lima',NULL,'maria.lima@exemplo.com.br','11 91234-5678',NULL,1,NULL);
INSERT INTO "clientes" VALUES(2,'31074285905','João Batista Rocha',NULL,'joao.rocha@exemplo.com.br','21 99876-5432',NULL,1,NULL);
INSERT INTO "clientes" VALUES(3,'86415027344','Aparecida Nogueira',NULL,'cida.nogueira@exemplo.com.br','31 98765-1234',NULL,1,NULL);
CREATE TABLE cobrancas (
  pedido            INTEGER PRIMARY KEY REFERENCES pedidos (id),
  valor             TEXT    NOT NULL,
  validade          INTEGER NOT NULL,
  situacao          INTEGER NOT NULL DEFAULT 0,
  id_externo        TEXT UNIQUE,
  reembolsado       TEXT    NOT NULL DEFAULT '0.00',
  reembolso_alvo    TEXT,
  manual            INTEGER NOT NULL DEFAULT 0,
  operacao          INTEGER,
  chave             TEXT,
  tentativas        INTEGER NOT NULL DEFAULT 0,
  proxima_em        TEXT,
  pendencia         TEXT,
  pendente_desde    TEXT,
  versao            INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO "cobrancas" VALUES(7,'37.80',900,1,'ORD01JQ4S4KY8HWQ6NA5PXB000001','0.00',NULL,0,2,NULL,3,'2026-11-29 10:42:46',NULL,NULL,8);
INSERT INTO "cobrancas" VALUES(8,'49.00',900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000002','0.00',NULL,0,2,NULL,0,NULL,NULL,NULL,5);
INSERT INTO "cobrancas" VALUES(9,'30.40',900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000003','0.00',NULL,0,2,NULL,0,NULL,NULL,NULL,7);
INSERT INTO "cobrancas" VALUES(10,'28.00',900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000004','0.00',NULL,0,2,NULL,1,NULL,NULL,NULL,7);
INSERT INTO "cobrancas" VALUES(11,'33.00',900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000005','0.00',NULL,0,2,NULL,0,NULL,NULL,NULL,5);
INSERT INTO "cobrancas" VALUES(12,'25.80',900,1,'ORD01JQ4S4KY8HWQ6NA5PXB000006','0.00',NULL,0,2,NULL,3,'2026-11-29 10:42:49',NULL,NULL,8);
INSERT INTO "cobrancas" VALUES(13,'19.00',900,2,'ORD01JQ4S4KY8HWQ6NA5PXB000007','0.00',NULL,0,2,NULL,1,NULL,NULL,NULL,8);
INSERT INTO "cobrancas" VALUES(14,'13.00',900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000008','1.50',NULL,0,4,NULL,0,NULL,NULL,NULL,11);
INSERT INTO "cobrancas" VALUES(15,'8.00',900,5,'ORD01JQ4S4KY8HWQ6NA5PXB000009','8.00',NULL,0,2,NULL,1,NULL,NULL,NULL,10);
INSERT INTO "cobrancas" VALUES(16,'22.00',900,2,'ORD01JQ4S4KY8HWQ6NA5PXB000010','0.00',NULL,0,3,NULL,0,'2026-11-29 10:42:53',NULL,NULL,8);
INSERT INTO "cobrancas" VALUES(17,'11.00',900,1,'ORD01JQ4S4KY8HWQ6NA5PXB000011','0.00',NULL,0,1,NULL,0,'2026-11-29 10:42:43',NULL,NULL,2);
CREATE TABLE eventos (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  pedido   INTEGER NOT NULL REFERENCES pedidos (id),
  tipo     TEXT    NOT NULL,
  de       INTEGER,
  para     INTEGER,
  datahora TEXT    NOT NULL
, detalhe TEXT) STRICT;
INSERT INTO "eventos" VALUES(1,1,'recebido',NULL,1,'2026-11-29 10:38:28',NULL);
INSERT INTO "eventos" VALUES(2,2,'recebido',NULL,1,'2026-11-29 10:31:28',NULL);
INSERT INTO "eventos" VALUES(3,2,'pagamento',1,2,'2026-11-29 10:32:28',NULL);
INSERT INTO "eventos" VALUES(4,2,'movimento',1,2,'2026-11-29 10:33:28',NULL);
INSERT INTO "eventos" VALUES(5,3,'recebido',NULL,1,'2026-11-29 10:23:28',NULL);
INSERT INTO "eventos" VALUES(6,3,'pagamento',1,2,'2026-11-29 10:24:28',NULL);
INSERT INTO "eventos" VALUES(7,3,'movimento',1,2,'2026-11-29 10:26:28',NULL);
INSERT INTO "eventos" VALUES(8,3,'movimento',2,3,'2026-11-29 10:39:28',NULL);
INSERT INTO "eventos" VALUES(9,4,'recebido',NULL,1,'2026-11-29 09:39:28',NULL);
INSERT INTO "eventos" VALUES(10,4,'pagamento',1,2,'2026-11-29 09:40:28',NULL);
INSERT INTO "eventos" VALUES(11,4,'movimento',1,2,'2026-11-29 09:42:28',NULL);
INSERT INTO "eventos" VALUES(12,4,'movimento',2,3,'2026-11-29 09:51:28',NULL);
INSERT INTO "eventos" VALUES(13,4,'movimento',3,4,'2026-11-29 09:57:28',NULL);
INSERT INTO "eventos" VALUES(14,5,'recebido',NULL,1,'2026-11-29 10:40:28',NULL);
INSERT INTO "eventos" VALUES(15,5,'pagamento',1,3,'2026-11-29 10:41:28',NULL);
INSERT INTO "eventos" VALUES(16,6,'recebido',NULL,1,'2026-11-29 10:02:28',NULL);
INSERT INTO "eventos" VALUES(17,6,'cancelamento',1,5,'2026-11-29 10:03:28',NULL);
INSERT INTO "eventos" VALUES(18,7,'recebido',NULL,1,'2026-11-29 10:42:30',NULL);
INSERT INTO "eventos" VALUES(19,7,'perguntado',NULL,NULL,'2026-11-29 10:42:30','criar cobrança: R$ 37.80');
INSERT INTO "eventos" VALUES(20,7,'respondido',NULL,NULL,'2026-11-29 10:42:30','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000001 aberta, R$ 37.80');
INSERT INTO "eventos" VALUES(21,8,'recebido',NULL,1,'2026-11-29 10:42:30',NULL);
INSERT INTO "eventos" VALUES(22,8,'perguntado',NULL,NULL,'2026-11-29 10:42:30','criar cobrança: R$ 49.00');
INSERT INTO "eventos" VALUES(23,8,'respondido',NULL,NULL,'2026-11-29 10:42:30','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000002 aberta, R$ 49.00');
INSERT INTO "eventos" VALUES(24,8,'notificado',NULL,NULL,'2026-11-29 10:42:30','order ORD01JQ4S4KY8HWQ6NA5PXB000002');
INSERT INTO "eventos" VALUES(25,8,'respondido',NULL,NULL,'2026-11-29 10:42:30','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000002 paga, R$ 49.00');
INSERT INTO "eventos" VALUES(26,8,'pagamento',1,2,'2026-11-29 10:42:30',NULL);
INSERT INTO "eventos" VALUES(27,9,'recebido',NULL,1,'2026-11-29 10:42:30',NULL);
INSERT INTO "eventos" VALUES(28,9,'perguntado',NULL,NULL,'2026-11-29 10:42:30','criar cobrança: R$ 30.40');
INSERT INTO "eventos" VALUES(29,9,'respondido',NULL,NULL,'2026-11-29 10:42:30','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000003 aberta, R$ 30.40');
INSERT INTO "eventos" VALUES(30,9,'respondido',NULL,NULL,'2026-11-29 10:42:31','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000003 aberta, R$ 30.40');
INSERT INTO "eventos" VALUES(31,7,'respondido',NULL,NULL,'2026-11-29 10:42:31','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000001 aberta, R$ 37.80');
INSERT INTO "eventos" VALUES(32,9,'notificado',NULL,NULL,'2026-11-29 10:42:31','order ORD01JQ4S4KY8HWQ6NA5PXB000003');
INSERT INTO "eventos" VALUES(33,9,'respondido',NULL,NULL,'2026-11-29 10:42:32','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000003 paga, R$ 30.40');
INSERT INTO "eventos" VALUES(34,9,'pagamento',1,2,'2026-11-29 10:42:32',NULL);
INSERT INTO "eventos" VALUES(35,9,'movimento',1,2,'2026-11-29 10:42:32',NULL);
INSERT INTO "eventos" VALUES(36,10,'recebido',NULL,1,'2026-11-29 10:42:32',NULL);
INSERT INTO "eventos" VALUES(37,10,'perguntado',NULL,NULL,'2026-11-29 10:42:32','criar cobrança: R$ 28.00');
INSERT INTO "eventos" VALUES(38,10,'respondido',NULL,NULL,'2026-11-29 10:42:32','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000004 aberta, R$ 28.00');
INSERT INTO "eventos" VALUES(39,10,'notificado',NULL,NULL,'2026-11-29 10:42:33','order ORD01JQ4S4KY8HWQ6NA5PXB000004');
INSERT INTO "eventos" VALUES(40,7,'respondido',NULL,NULL,'2026-11-29 10:42:33','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000001 aberta, R$ 37.80');
INSERT INTO "eventos" VALUES(41,10,'respondido',NULL,NULL,'2026-11-29 10:42:33','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000004 paga, R$ 28.00');
INSERT INTO "eventos" VALUES(42,10,'pagamento',1,2,'2026-11-29 10:42:33',NULL);
INSERT INTO "eventos" VALUES(43,10,'respondido',NULL,NULL,'2026-11-29 10:42:33','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000004 paga, R$ 28.00');
INSERT INTO "eventos" VALUES(44,10,'movimento',1,3,'2026-11-29 10:42:34',NULL);
INSERT INTO "eventos" VALUES(45,11,'recebido',NULL,1,'2026-11-29 10:42:34',NULL);
INSERT INTO "eventos" VALUES(46,11,'perguntado',NULL,NULL,'2026-11-29 10:42:34','criar cobrança: R$ 33.00');
INSERT INTO "eventos" VALUES(47,11,'respondido',NULL,NULL,'2026-11-29 10:42:34','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000005 aberta, R$ 33.00');
INSERT INTO "eventos" VALUES(48,11,'notificado',NULL,NULL,'2026-11-29 10:42:34','order ORD01JQ4S4KY8HWQ6NA5PXB000005');
INSERT INTO "eventos" VALUES(49,11,'respondido',NULL,NULL,'2026-11-29 10:42:34','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000005 paga, R$ 33.00');
INSERT INTO "eventos" VALUES(50,11,'pagamento',1,2,'2026-11-29 10:42:34',NULL);
INSERT INTO "eventos" VALUES(51,11,'movimento',1,4,'2026-11-29 10:42:34',NULL);
INSERT INTO "eventos" VALUES(52,12,'recebido',NULL,1,'2026-11-29 10:42:34',NULL);
INSERT INTO "eventos" VALUES(53,12,'perguntado',NULL,NULL,'2026-11-29 10:42:34','criar cobrança: R$ 25.80');
INSERT INTO "eventos" VALUES(54,12,'respondido',NULL,NULL,'2026-11-29 10:42:34','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000006 aberta, R$ 25.80');
INSERT INTO "eventos" VALUES(55,12,'movimento',1,4,'2026-11-29 10:42:34',NULL);
INSERT INTO "eventos" VALUES(56,12,'movimento',4,3,'2026-11-29 10:42:34',NULL);
INSERT INTO "eventos" VALUES(57,13,'recebido',NULL,1,'2026-11-29 10:42:34',NULL);
INSERT INTO "eventos" VALUES(58,13,'perguntado',NULL,NULL,'2026-11-29 10:42:34','criar cobrança: R$ 19.00');
INSERT INTO "eventos" VALUES(59,13,'respondido',NULL,NULL,'2026-11-29 10:42:35','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000007 aberta, R$ 19.00');
INSERT INTO "eventos" VALUES(60,13,'pagamento',1,2,'2026-11-29 10:42:35','dinheiro, recebido por Ana');
INSERT INTO "eventos" VALUES(61,12,'respondido',NULL,NULL,'2026-11-29 10:42:35','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000006 aberta, R$ 25.80');
INSERT INTO "eventos" VALUES(62,13,'perguntado',NULL,NULL,'2026-11-29 10:42:35','cancelar cobrança: R$ 19.00');
INSERT INTO "eventos" VALUES(63,14,'recebido',NULL,1,'2026-11-29 10:42:35',NULL);
INSERT INTO "eventos" VALUES(64,14,'perguntado',NULL,NULL,'2026-11-29 10:42:35','criar cobrança: R$ 13.00');
INSERT INTO "eventos" VALUES(65,13,'respondido',NULL,NULL,'2026-11-29 10:42:35','cancelar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000007 cancelada, R$ 19.00');
INSERT INTO "eventos" VALUES(66,13,'notificado',NULL,NULL,'2026-11-29 10:42:35','order ORD01JQ4S4KY8HWQ6NA5PXB000007');
INSERT INTO "eventos" VALUES(67,14,'respondido',NULL,NULL,'2026-11-29 10:42:35','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000008 aberta, R$ 13.00');
INSERT INTO "eventos" VALUES(68,13,'respondido',NULL,NULL,'2026-11-29 10:42:35','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000007 cancelada, R$ 19.00');
INSERT INTO "eventos" VALUES(69,14,'notificado',NULL,NULL,'2026-11-29 10:42:35','order ORD01JQ4S4KY8HWQ6NA5PXB000008');
INSERT INTO "eventos" VALUES(70,14,'respondido',NULL,NULL,'2026-11-29 10:42:35','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000008 paga, R$ 13.00');
INSERT INTO "eventos" VALUES(71,14,'pagamento',1,2,'2026-11-29 10:42:35',NULL);
INSERT INTO "eventos" VALUES(72,14,'reembolso',NULL,NULL,'2026-11-29 10:42:36','R$ 1.50 a devolver: faltou gelo');
INSERT INTO "eventos" VALUES(73,14,'perguntado',NULL,NULL,'2026-11-29 10:42:36','reembolsar: R$ 1.50');
INSERT INTO "eventos" VALUES(74,14,'notificado',NULL,NULL,'2026-11-29 10:42:36','order ORD01JQ4S4KY8HWQ6NA5PXB000008');
INSERT INTO "eventos" VALUES(75,14,'respondido',NULL,NULL,'2026-11-29 10:42:36','reembolsar: ORD01JQ4S4KY8HWQ6NA5PXB000008 paga, R$ 13.00');
INSERT INTO "eventos" VALUES(76,14,'reembolso',NULL,NULL,'2026-11-29 10:42:36','R$ 1.50 devolvidos');
INSERT INTO "eventos" VALUES(77,14,'respondido',NULL,NULL,'2026-11-29 10:42:36','reembolsar: ORD01JQ4S4KY8HWQ6NA5PXB000008 paga, R$ 13.00');
INSERT INTO "eventos" VALUES(78,15,'recebido',NULL,1,'2026-11-29 10:42:36',NULL);
INSERT INTO "eventos" VALUES(79,15,'perguntado',NULL,NULL,'2026-11-29 10:42:36','criar cobrança: R$ 8.00');
INSERT INTO "eventos" VALUES(80,15,'respondido',NULL,NULL,'2026-11-29 10:42:36','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000009 aberta, R$ 8.00');
INSERT INTO "eventos" VALUES(81,15,'respondido',NULL,NULL,'2026-11-29 10:42:37','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000009 paga, R$ 8.00');
INSERT INTO "eventos" VALUES(82,15,'pagamento',1,2,'2026-11-29 10:42:37',NULL);
INSERT INTO "eventos" VALUES(83,7,'respondido',NULL,NULL,'2026-11-29 10:42:37','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000001 aberta, R$ 37.80');
INSERT INTO "eventos" VALUES(84,12,'respondido',NULL,NULL,'2026-11-29 10:42:37','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000006 aberta, R$ 25.80');
INSERT INTO "eventos" VALUES(85,15,'cancelamento',1,5,'2026-11-29 10:42:37','acabou');
INSERT INTO "eventos" VALUES(86,15,'perguntado',NULL,NULL,'2026-11-29 10:42:37','reembolsar: R$ 8.00');
INSERT INTO "eventos" VALUES(87,15,'respondido',NULL,NULL,'2026-11-29 10:42:37','reembolsar: ORD01JQ4S4KY8HWQ6NA5PXB000009 reembolsada, R$ 8.00');
INSERT INTO "eventos" VALUES(88,15,'reembolso',NULL,NULL,'2026-11-29 10:42:37','R$ 8.00 devolvidos');
INSERT INTO "eventos" VALUES(89,15,'pagamento',2,4,'2026-11-29 10:42:37',NULL);
INSERT INTO "eventos" VALUES(90,15,'notificado',NULL,NULL,'2026-11-29 10:42:37','order ORD01JQ4S4KY8HWQ6NA5PXB000009');
INSERT INTO "eventos" VALUES(91,16,'recebido',NULL,1,'2026-11-29 10:42:38',NULL);
INSERT INTO "eventos" VALUES(92,16,'perguntado',NULL,NULL,'2026-11-29 10:42:38','criar cobrança: R$ 22.00');
INSERT INTO "eventos" VALUES(93,16,'respondido',NULL,NULL,'2026-11-29 10:42:38','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000010 aberta, R$ 22.00');
INSERT INTO "eventos" VALUES(94,15,'respondido',NULL,NULL,'2026-11-29 10:42:38','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000009 reembolsada, R$ 8.00');
INSERT INTO "eventos" VALUES(95,16,'cancelamento',1,5,'2026-11-29 10:42:38',NULL);
INSERT INTO "eventos" VALUES(96,16,'perguntado',NULL,NULL,'2026-11-29 10:42:38','cancelar cobrança: R$ 22.00');
INSERT INTO "eventos" VALUES(97,16,'notificado',NULL,NULL,'2026-11-29 10:42:38','order ORD01JQ4S4KY8HWQ6NA5PXB000010');
INSERT INTO "eventos" VALUES(98,16,'respondido',NULL,NULL,'2026-11-29 10:42:38','cancelar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000010 cancelada, R$ 22.00');
INSERT INTO "eventos" VALUES(99,16,'pagamento',1,3,'2026-11-29 10:42:38',NULL);
INSERT INTO "eventos" VALUES(100,16,'respondido',NULL,NULL,'2026-11-29 10:42:38','cancelar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000010 cancelada, R$ 22.00');
INSERT INTO "eventos" VALUES(101,12,'respondido',NULL,NULL,'2026-11-29 10:42:41','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000006 aberta, R$ 25.80');
INSERT INTO "eventos" VALUES(102,17,'recebido',NULL,1,'2026-11-29 10:42:42',NULL);
INSERT INTO "eventos" VALUES(103,17,'perguntado',NULL,NULL,'2026-11-29 10:42:42','criar cobrança: R$ 11.00');
INSERT INTO "eventos" VALUES(104,17,'respondido',NULL,NULL,'2026-11-29 10:42:42','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000011 aberta, R$ 11.00');
CREATE TABLE idempotencia (
  chave     TEXT PRIMARY KEY,
  corpo     TEXT NOT NULL,
  resposta  TEXT,
  criada_em TEXT NOT NULL
) STRICT;
INSERT INTO "idempotencia" VALUES('chave-de-antes-0001','e10fec51703e069b12f5f9df5f2306a1e6c35b6f50d6df300b8f22f1c2236a30','{"id":7,"senha":7,"status_pedido":1,"status_pedido_descricao":"Recebido","cliente":1,"itens":[{"produto":1,"nome":"X-Burger da Casa","quantidade":2,"descricao":"sem cebola","valor":18.90}],"datahora_recebido":"2026-11-29T10:42:30Z","datahora_preparacao":null,"datahora_pronto":null,"datahora_finalizado":null,"status_pagamento":1,"status_pagamento_descricao":"Pagamento enviado","id_pagamento":"54d7c1a8-4c8e-4601-8f73-9b7a6e084e08","meio_pagamento":null,"qr_data":"00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/54d7c1a8-4c8e-4601-8f73-9b7a6e084e08","qr_situacao":"pronto","datahora_expiracao":"2026-11-29T10:57:30Z","valor_total":37.80,"valor_reembolsado":0.00,"versao":2}','2026-11-29 10:42:30');
CREATE TABLE itens (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  pedido     INTEGER NOT NULL REFERENCES pedidos (id),
  produto    INTEGER REFERENCES produtos (id),
  nome       TEXT    NOT NULL DEFAULT '',
  quantidade INTEGER NOT NULL,
  valor      TEXT    NOT NULL,
  descricao  TEXT
) STRICT;
INSERT INTO "itens" VALUES(1,1,3,'Misto Quente na Chapa',2,'15.20','sem tomate');
INSERT INTO "itens" VALUES(2,1,8,'Guaraná Lata',2,'6.50',NULL);
INSERT INTO "itens" VALUES(3,2,1,'X-Burger da Casa',1,'18.90',NULL);
INSERT INTO "itens" VALUES(4,2,4,'Batata Frita',1,'14.00','bem passada');
INSERT INTO "itens" VALUES(5,2,7,'Suco de Laranja',1,'9.50','sem açúcar');
INSERT INTO "itens" VALUES(6,3,2,'X-Bacon Crocante',2,'24.50',NULL);
INSERT INTO "itens" VALUES(7,3,2,'X-Bacon Crocante',1,'24.50','sem cebola');
INSERT INTO "itens" VALUES(8,4,12,'Açaí com Granola',1,'17.80',NULL);
INSERT INTO "itens" VALUES(9,4,9,'Água Mineral',1,'4.00','com gás');
INSERT INTO "itens" VALUES(10,5,11,'Brigadeiro',4,'5.50',NULL);
INSERT INTO "itens" VALUES(11,6,10,'Pudim de Leite',1,'11.00',NULL);
INSERT INTO "itens" VALUES(12,7,1,'X-Burger da Casa',2,'18.90','sem cebola');
INSERT INTO "itens" VALUES(13,8,2,'X-Bacon Crocante',2,'24.50',NULL);
INSERT INTO "itens" VALUES(14,9,3,'Misto Quente na Chapa',2,'15.20','bem passado');
INSERT INTO "itens" VALUES(15,10,4,'Batata Frita',2,'14.00',NULL);
INSERT INTO "itens" VALUES(16,11,5,'Anéis de Cebola',2,'16.50',NULL);
INSERT INTO "itens" VALUES(17,12,6,'Salada do Dia',2,'12.90',NULL);
INSERT INTO "itens" VALUES(18,13,7,'Suco de Laranja',2,'9.50',NULL);
INSERT INTO "itens" VALUES(19,14,8,'Guaraná Lata',2,'6.50',NULL);
INSERT INTO "itens" VALUES(20,15,9,'Água Mineral',2,'4.00',NULL);
INSERT INTO "itens" VALUES(21,16,10,'Pudim de Leite',2,'11.00',NULL);
INSERT INTO "itens" VALUES(22,17,11,'Brigadeiro',2,'5.50',NULL);
CREATE TABLE migracoes (versao INTEGER PRIMARY KEY, aplicada_em TEXT NOT NULL) STRICT;
INSERT INTO "migracoes" VALUES(0,'2026-11-29 10:42:28');
INSERT INTO "migracoes" VALUES(1,'2026-11-29 10:42:28');
INSERT INTO "migracoes" VALUES(2,'2026-11-29 10:42:28');
INSERT INTO "migracoes" VALUES(3,'2026-11-29 10:42:28');
CREATE TABLE notificacoes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  topico      TEXT    NOT NULL,
  id_externo  TEXT    NOT NULL,
  recebida_em TEXT    NOT NULL,
  vezes       INTEGER NOT NULL DEFAULT 1,
  tentativas  INTEGER NOT NULL DEFAULT 0,
  proxima_em  TEXT,
  veredito    TEXT,
  UNIQUE (topico, id_externo)
) STRICT;
CREATE TABLE pedidos (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  senha               INTEGER,
  dia                 TEXT,
  cliente             INTEGER REFERENCES clientes (id),
  status_pedido       INTEGER NOT NULL DEFAULT 1,
  datahora_recebido   TEXT    NOT NULL DEFAULT CURRENT_TIMESTAMP,
  datahora_preparacao TEXT,
  datahora_pronto     TEXT,
  datahora_finalizado TEXT,
  status_pagamento    INTEGER NOT NULL DEFAULT 1,
  id_pagamento        TEXT,
  qr_data             TEXT,
  versao              INTEGER NOT NULL DEFAULT 1, meio_pagamento TEXT, datahora_expiracao TEXT, valor_reembolsado TEXT NOT NULL DEFAULT '0.00',
  UNIQUE (dia, senha)
) STRICT;
INSERT INTO "pedidos" VALUES(1,1,'2026-11-29',1,1,'2026-11-29 10:38:28',NULL,NULL,NULL,1,'b715bik7-2726-4d51-a729-749cc7bda703',NULL,1,NULL,NULL,'0.00');
INSERT INTO "pedidos" VALUES(2,2,'2026-11-29',2,2,'2026-11-29 10:31:28','2026-11-29 10:33:28',NULL,NULL,2,'5d0e2c1a-93b4-4f0e-8a55-0c6f2e7b9d12',NULL,1,NULL,NULL,'0.00');
INSERT INTO "pedidos" VALUES(3,3,'2026-11-29',NULL,3,'2026-11-29 10:23:28','2026-11-29 10:26:28','2026-11-29 10:39:28',NULL,2,'0b8f4d6e-1c2a-4e3b-9f7d-5a6b7c8d9e0f',NULL,1,NULL,NULL,'0.00');
INSERT INTO "pedidos" VALUES(4,4,'2026-11-29',3,4,'2026-11-29 09:39:28','2026-11-29 09:42:28','2026-11-29 09:51:28','2026-11-29 09:57:28',2,'7a1c9e3b-5d7f-4b2a-8c6e-1f0d2b3a4c5e',NULL,1,NULL,NULL,'0.00');
INSERT INTO "pedidos" VALUES(5,5,'2026-11-29',NULL,1,'2026-11-29 10:40:28',NULL,NULL,NULL,3,'c4e6a8b0-2d4f-4a6c-8e0b-3f5d7a9c1e2b',NULL,1,NULL,NULL,'0.00');
INSERT INTO "pedidos" VALUES(6,6,'2026-11-29',2,5,'2026-11-29 10:02:28',NULL,NULL,NULL,1,'e1f3a5c7-9b2d-4e6f-8a0c-2b4d6f8a0c1e',NULL,1,NULL,NULL,'0.00');
INSERT INTO "pedidos" VALUES(7,7,'2026-11-29',1,1,'2026-11-29 10:42:30',NULL,NULL,NULL,1,'54d7c1a8-4c8e-4601-8f73-9b7a6e084e08','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/54d7c1a8-4c8e-4601-8f73-9b7a6e084e08',2,NULL,'2026-11-29 10:57:30','0.00');
INSERT INTO "pedidos" VALUES(8,8,'2026-11-29',NULL,1,'2026-11-29 10:42:30',NULL,NULL,NULL,2,'5f7d3187-359f-4c11-b146-d7909a2ad587','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/5f7d3187-359f-4c11-b146-d7909a2ad587',3,'qr','2026-11-29 10:57:30','0.00');
INSERT INTO "pedidos" VALUES(9,9,'2026-11-29',2,2,'2026-11-29 10:42:30','2026-11-29 10:42:32',NULL,NULL,2,'0d45194c-0010-4d1a-b3c5-6ce8f8c35e39','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/0d45194c-0010-4d1a-b3c5-6ce8f8c35e39',4,'qr','2026-11-29 10:57:30','0.00');
INSERT INTO "pedidos" VALUES(10,10,'2026-11-29',NULL,3,'2026-11-29 10:42:32',NULL,'2026-11-29 10:42:34',NULL,2,'345885fd-0140-4b0f-bb09-02bf5cd97fbb','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/345885fd-0140-4b0f-bb09-02bf5cd97fbb',4,'qr','2026-11-29 10:57:32','0.00');
INSERT INTO "pedidos" VALUES(11,11,'2026-11-29',NULL,4,'2026-11-29 10:42:34',NULL,NULL,'2026-11-29 10:42:34',2,'d939e217-8660-4cfe-9722-23098db00265','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/d939e217-8660-4cfe-9722-23098db00265',4,'qr','2026-11-29 10:57:34','0.00');
INSERT INTO "pedidos" VALUES(12,12,'2026-11-29',NULL,3,'2026-11-29 10:42:34',NULL,'2026-11-29 10:42:34',NULL,1,'6f282438-54fe-4b54-a867-974563f670d2','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/6f282438-54fe-4b54-a867-974563f670d2',4,NULL,'2026-11-29 10:57:34','0.00');
INSERT INTO "pedidos" VALUES(13,13,'2026-11-29',NULL,1,'2026-11-29 10:42:34',NULL,NULL,NULL,2,'f62a8bab-e42e-4cbc-8b0f-20a444136ff7','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/f62a8bab-e42e-4cbc-8b0f-20a444136ff7',3,'dinheiro','2026-11-29 10:57:34','0.00');
INSERT INTO "pedidos" VALUES(14,14,'2026-11-29',NULL,1,'2026-11-29 10:42:35',NULL,NULL,NULL,2,'37f9041b-4dd8-48cd-951c-509f52b370c4','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/37f9041b-4dd8-48cd-951c-509f52b370c4',4,'qr','2026-11-29 10:57:35','1.50');
INSERT INTO "pedidos" VALUES(15,15,'2026-11-29',NULL,5,'2026-11-29 10:42:36',NULL,NULL,NULL,4,'74bbbf87-15fa-406e-926d-25d9762f3dea','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/74bbbf87-15fa-406e-926d-25d9762f3dea',5,'qr','2026-11-29 10:57:36','8.00');
INSERT INTO "pedidos" VALUES(16,16,'2026-11-29',NULL,5,'2026-11-29 10:42:38',NULL,NULL,NULL,3,'9b2ce944-7952-4a52-8673-f7d5ba4a41df','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/9b2ce944-7952-4a52-8673-f7d5ba4a41df',4,NULL,'2026-11-29 10:57:38','0.00');
INSERT INTO "pedidos" VALUES(17,17,'2026-11-29',NULL,1,'2026-11-29 10:42:42',NULL,NULL,NULL,1,'26cb7368-11b3-4e58-aa5b-5c23bb8dfd5f','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/26cb7368-11b3-4e58-aa5b-5c23bb8dfd5f',2,NULL,'2026-11-29 10:57:42','0.00');
CREATE TABLE produtos (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  nome      TEXT    NOT NULL,
  categoria INTEGER NOT NULL REFERENCES categoria_produto (id),
  valor     TEXT    NOT NULL,
  descricao TEXT,
  ativo     INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO "produtos" VALUES(1,'X-Burger da Casa',1,'18.90','Hambúrguer de 150 g, queijo prato e maionese verde',1);
INSERT INTO "produtos" VALUES(2,'X-Bacon Crocante',1,'24.50','Hambúrguer de 150 g, bacon, queijo e cebola roxa',1);
INSERT INTO "produtos" VALUES(3,'Misto Quente na Chapa',1,'15.20','Pão de forma na manteiga, presunto, queijo e tomate',1);
INSERT INTO "produtos" VALUES(4,'Batata Frita',2,'14.00','Porção de 300 g com alecrim',1);
INSERT INTO "produtos" VALUES(5,'Anéis de Cebola',2,'16.50','Dez unidades, com molho da casa',1);
INSERT INTO "produtos" VALUES(6,'Salada do Dia',2,'12.90','Folhas, tomate-cereja e limão',1);
INSERT INTO "produtos" VALUES(7,'Suco de Laranja',3,'9.50','400 ml, espremido na hora',1);
INSERT INTO "produtos" VALUES(8,'Guaraná Lata',3,'6.50','350 ml',1);
INSERT INTO "produtos" VALUES(9,'Água Mineral',3,'4.00','500 ml, com ou sem gás',1);
INSERT INTO "produtos" VALUES(10,'Pudim de Leite',4,'11.00','Fatia com calda de caramelo',1);
INSERT INTO "produtos" VALUES(11,'Brigadeiro',4,'5.50','Unidade, 40 g',1);
INSERT INTO "produtos" VALUES(12,'Açaí com Granola',4,'17.80','Tigela de 300 ml com banana',1);
CREATE TABLE senhas (
  dia    TEXT PRIMARY KEY,
  ultima INTEGER NOT NULL
) STRICT;
INSERT INTO "senhas" VALUES('2026-11-29',17);
CREATE INDEX produtos_cardapio ON produtos (ativo, categoria, id);
CREATE INDEX pedidos_do_cliente ON pedidos (cliente, datahora_recebido, id);
CREATE INDEX pedidos_do_pagamento ON pedidos (id_pagamento);
CREATE INDEX itens_do_pedido ON itens (pedido, id);
CREATE INDEX itens_do_produto ON itens (produto);
CREATE INDEX eventos_do_pedido ON eventos (pedido, id);
CREATE INDEX idempotencia_idade ON idempotencia (criada_em);
CREATE INDEX cobrancas_devidas ON cobrancas (proxima_em);
CREATE INDEX cobrancas_pendentes ON cobrancas (pendente_desde);
CREATE INDEX notificacoes_devidas ON notificacoes (proxima_em);
CREATE INDEX pedidos_da_cozinha ON pedidos (status_pedido, datahora_recebido, id, versao);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('produtos',12);
INSERT INTO "sqlite_sequence" VALUES('clientes',3);
INSERT INTO "sqlite_sequence" VALUES('pedidos',17);
INSERT INTO "sqlite_sequence" VALUES('itens',22);
INSERT INTO "sqlite_sequence" VALUES('eventos',104);
COMMIT;
