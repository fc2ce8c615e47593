CREATE TABLE `categoria_produto` (
  `id` int(11) NOT NULL,
  `nome` varchar(100) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `categoria_produto` (`id`, `nome`) VALUES (1,'Lanche');
INSERT INTO `categoria_produto` (`id`, `nome`) VALUES (2,'Acompanhamento');
INSERT INTO `categoria_produto` (`id`, `nome`) VALUES (3,'Bebida');
INSERT INTO `categoria_produto` (`id`, `nome`) VALUES (4,'Sobremesa');
CREATE TABLE `clientes` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `cpf` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL,
  `nome` varchar(255) DEFAULT NULL,
  `username` varchar(255) DEFAULT NULL,
  `email` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT NULL,
  `telefone` varchar(64) DEFAULT NULL,
  `hashed_password` varchar(255) DEFAULT NULL,
  `ativo` tinyint(4) NOT NULL DEFAULT 1,
  `apagado_em` datetime DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `clientes_cpf` (`cpf`),
  UNIQUE KEY `clientes_email` (`email`)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `clientes` (`id`, `cpf`, `nome`, `username`, `email`, `telefone`, `hashed_password`, `ativo`, `apagado_em`) VALUES (1,'52998224725','Maria das Dores Lima',NULL,'maria.lima@exemplo.com.br','11 91234-5678',NULL,1,NULL);
INSERT INTO `clientes` (`id`, `cpf`, `nome`, `username`, `email`, `telefone`, `hashed_password`, `ativo`, `apagado_em`) VALUES (2,'31074285905','João Batista Rocha',NULL,'joao.rocha@exemplo.com.br','21 99876-5432',NULL,1,NULL);
INSERT INTO `clientes` (`id`, `cpf`, `nome`, `username`, `email`, `telefone`, `hashed_password`, `ativo`, `apagado_em`) VALUES (3,'86415027344','Aparecida Nogueira',NULL,'cida.nogueira@exemplo.com.br','31 98765-1234',NULL,1,NULL);
CREATE TABLE `cobrancas` (
  `pedido` int(11) NOT NULL,
  `valor` decimal(14,2) NOT NULL,
  `validade` int(11) NOT NULL,
  `situacao` int(11) NOT NULL DEFAULT 0,
  `id_externo` varchar(64) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `reembolsado` decimal(14,2) NOT NULL DEFAULT 0.00,
  `reembolso_alvo` decimal(14,2) DEFAULT NULL,
  `manual` tinyint(4) NOT NULL DEFAULT 0,
  `operacao` int(11) DEFAULT NULL,
  `chave` char(36) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL,
  `tentativas` int(11) NOT NULL DEFAULT 0,
  `proxima_em` datetime DEFAULT NULL,
  `pendencia` varchar(500) DEFAULT NULL,
  `pendente_desde` datetime DEFAULT NULL,
  `versao` int(11) NOT NULL DEFAULT 1,
  PRIMARY KEY (`pedido`),
  UNIQUE KEY `cobrancas_id_externo` (`id_externo`),
  KEY `cobrancas_devidas` (`proxima_em`),
  KEY `cobrancas_pendentes` (`pendente_desde`),
  CONSTRAINT `cobrancas_ibfk_1` FOREIGN KEY (`pedido`) REFERENCES `pedidos` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (7,37.80,900,1,'ORD01JQ4S4KY8HWQ6NA5PXB000001',0.00,NULL,0,2,NULL,3,'2026-11-29 10:43:06',NULL,NULL,8);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (8,49.00,900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000002',0.00,NULL,0,2,NULL,0,NULL,NULL,NULL,4);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (9,30.40,900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000003',0.00,NULL,0,2,NULL,0,NULL,NULL,NULL,5);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (10,28.00,900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000004',0.00,NULL,0,2,NULL,0,NULL,NULL,NULL,5);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (11,33.00,900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000005',0.00,NULL,0,2,NULL,0,NULL,NULL,NULL,5);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (12,25.80,900,1,'ORD01JQ4S4KY8HWQ6NA5PXB000006',0.00,NULL,0,2,NULL,3,'2026-11-29 10:43:10',NULL,NULL,8);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (13,19.00,900,2,'ORD01JQ4S4KY8HWQ6NA5PXB000007',0.00,NULL,0,2,NULL,1,NULL,NULL,NULL,8);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (14,13.00,900,4,'ORD01JQ4S4KY8HWQ6NA5PXB000008',1.50,NULL,0,2,NULL,1,NULL,NULL,NULL,11);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (15,8.00,900,5,'ORD01JQ4S4KY8HWQ6NA5PXB000009',8.00,NULL,0,2,NULL,1,NULL,NULL,NULL,11);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (16,22.00,900,2,'ORD01JQ4S4KY8HWQ6NA5PXB000010',0.00,NULL,0,2,NULL,1,NULL,NULL,NULL,8);
INSERT INTO `cobrancas` (`pedido`, `valor`, `validade`, `situacao`, `id_externo`, `reembolsado`, `reembolso_alvo`, `manual`, `operacao`, `chave`, `tentativas`, `proxima_em`, `pendencia`, `pendente_desde`, `versao`) VALUES (17,11.00,900,1,'ORD01JQ4S4KY8HWQ6NA5PXB000011',0.00,NULL,0,1,NULL,0,'2026-11-29 10:43:03',NULL,NULL,2);
CREATE TABLE `eventos` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `pedido` int(11) NOT NULL,
  `tipo` varchar(20) NOT NULL,
  `de` int(11) DEFAULT NULL,
  `para` int(11) DEFAULT NULL,
  `datahora` datetime NOT NULL,
  `detalhe` varchar(500) DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `eventos_do_pedido` (`pedido`,`id`),
  CONSTRAINT `eventos_ibfk_1` FOREIGN KEY (`pedido`) REFERENCES `pedidos` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=104 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (1,1,'recebido',NULL,1,'2026-11-29 10:38:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (2,2,'recebido',NULL,1,'2026-11-29 10:31:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (3,2,'pagamento',1,2,'2026-11-29 10:32:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (4,2,'movimento',1,2,'2026-11-29 10:33:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (5,3,'recebido',NULL,1,'2026-11-29 10:23:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (6,3,'pagamento',1,2,'2026-11-29 10:24:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (7,3,'movimento',1,2,'2026-11-29 10:26:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (8,3,'movimento',2,3,'2026-11-29 10:39:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (9,4,'recebido',NULL,1,'2026-11-29 09:39:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (10,4,'pagamento',1,2,'2026-11-29 09:40:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (11,4,'movimento',1,2,'2026-11-29 09:42:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (12,4,'movimento',2,3,'2026-11-29 09:51:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (13,4,'movimento',3,4,'2026-11-29 09:57:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (14,5,'recebido',NULL,1,'2026-11-29 10:40:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (15,5,'pagamento',1,3,'2026-11-29 10:41:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (16,6,'recebido',NULL,1,'2026-11-29 10:02:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (17,6,'cancelamento',1,5,'2026-11-29 10:03:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (18,7,'recebido',NULL,1,'2026-11-29 10:42:50',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (19,7,'perguntado',NULL,NULL,'2026-11-29 10:42:50','criar cobrança: R$ 37.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (20,7,'respondido',NULL,NULL,'2026-11-29 10:42:50','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000001 aberta, R$ 37.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (21,8,'recebido',NULL,1,'2026-11-29 10:42:51',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (22,8,'perguntado',NULL,NULL,'2026-11-29 10:42:51','criar cobrança: R$ 49.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (23,7,'respondido',NULL,NULL,'2026-11-29 10:42:51','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000001 aberta, R$ 37.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (24,8,'respondido',NULL,NULL,'2026-11-29 10:42:51','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000002 aberta, R$ 49.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (25,8,'respondido',NULL,NULL,'2026-11-29 10:42:52','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000002 paga, R$ 49.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (26,8,'pagamento',1,2,'2026-11-29 10:42:52',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (27,9,'recebido',NULL,1,'2026-11-29 10:42:52',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (28,9,'perguntado',NULL,NULL,'2026-11-29 10:42:52','criar cobrança: R$ 30.40');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (29,9,'respondido',NULL,NULL,'2026-11-29 10:42:52','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000003 aberta, R$ 30.40');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (30,9,'notificado',NULL,NULL,'2026-11-29 10:42:52','order ORD01JQ4S4KY8HWQ6NA5PXB000003');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (31,7,'respondido',NULL,NULL,'2026-11-29 10:42:53','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000001 aberta, R$ 37.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (32,9,'respondido',NULL,NULL,'2026-11-29 10:42:53','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000003 paga, R$ 30.40');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (33,9,'pagamento',1,2,'2026-11-29 10:42:53',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (34,9,'movimento',1,2,'2026-11-29 10:42:54',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (35,10,'recebido',NULL,1,'2026-11-29 10:42:54',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (36,10,'perguntado',NULL,NULL,'2026-11-29 10:42:54','criar cobrança: R$ 28.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (37,10,'respondido',NULL,NULL,'2026-11-29 10:42:54','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000004 aberta, R$ 28.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (38,10,'notificado',NULL,NULL,'2026-11-29 10:42:54','order ORD01JQ4S4KY8HWQ6NA5PXB000004');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (39,10,'respondido',NULL,NULL,'2026-11-29 10:42:55','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000004 paga, R$ 28.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (40,10,'pagamento',1,2,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (41,10,'movimento',1,3,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (42,11,'recebido',NULL,1,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (43,11,'perguntado',NULL,NULL,'2026-11-29 10:42:55','criar cobrança: R$ 33.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (44,11,'respondido',NULL,NULL,'2026-11-29 10:42:55','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000005 aberta, R$ 33.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (45,11,'notificado',NULL,NULL,'2026-11-29 10:42:55','order ORD01JQ4S4KY8HWQ6NA5PXB000005');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (46,11,'respondido',NULL,NULL,'2026-11-29 10:42:55','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000005 paga, R$ 33.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (47,11,'pagamento',1,2,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (48,11,'movimento',1,4,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (49,12,'recebido',NULL,1,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (50,12,'perguntado',NULL,NULL,'2026-11-29 10:42:55','criar cobrança: R$ 25.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (51,12,'respondido',NULL,NULL,'2026-11-29 10:42:55','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000006 aberta, R$ 25.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (52,12,'movimento',1,4,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (53,12,'movimento',4,3,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (54,13,'recebido',NULL,1,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (55,13,'perguntado',NULL,NULL,'2026-11-29 10:42:55','criar cobrança: R$ 19.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (56,13,'respondido',NULL,NULL,'2026-11-29 10:42:55','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000007 aberta, R$ 19.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (57,13,'pagamento',1,2,'2026-11-29 10:42:55','dinheiro, recebido por Ana');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (58,13,'perguntado',NULL,NULL,'2026-11-29 10:42:55','cancelar cobrança: R$ 19.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (59,13,'notificado',NULL,NULL,'2026-11-29 10:42:56','order ORD01JQ4S4KY8HWQ6NA5PXB000007');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (61,14,'recebido',NULL,1,'2026-11-29 10:42:55',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (62,13,'respondido',NULL,NULL,'2026-11-29 10:42:56','cancelar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000007 cancelada, R$ 19.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (63,14,'perguntado',NULL,NULL,'2026-11-29 10:42:55','criar cobrança: R$ 13.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (64,13,'respondido',NULL,NULL,'2026-11-29 10:42:56','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000007 cancelada, R$ 19.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (65,14,'respondido',NULL,NULL,'2026-11-29 10:42:56','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000008 aberta, R$ 13.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (66,12,'respondido',NULL,NULL,'2026-11-29 10:42:56','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000006 aberta, R$ 25.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (67,14,'notificado',NULL,NULL,'2026-11-29 10:42:56','order ORD01JQ4S4KY8HWQ6NA5PXB000008');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (68,14,'respondido',NULL,NULL,'2026-11-29 10:42:56','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000008 paga, R$ 13.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (69,14,'pagamento',1,2,'2026-11-29 10:42:56',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (70,14,'reembolso',NULL,NULL,'2026-11-29 10:42:56','R$ 1.50 a devolver: faltou gelo');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (71,14,'perguntado',NULL,NULL,'2026-11-29 10:42:56','reembolsar: R$ 1.50');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (72,14,'respondido',NULL,NULL,'2026-11-29 10:42:56','reembolsar: ORD01JQ4S4KY8HWQ6NA5PXB000008 paga, R$ 13.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (73,14,'reembolso',NULL,NULL,'2026-11-29 10:42:56','R$ 1.50 devolvidos');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (74,14,'notificado',NULL,NULL,'2026-11-29 10:42:56','order ORD01JQ4S4KY8HWQ6NA5PXB000008');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (75,15,'recebido',NULL,1,'2026-11-29 10:42:56',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (76,15,'perguntado',NULL,NULL,'2026-11-29 10:42:56','criar cobrança: R$ 8.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (77,14,'respondido',NULL,NULL,'2026-11-29 10:42:56','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000008 paga, R$ 13.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (78,15,'respondido',NULL,NULL,'2026-11-29 10:42:56','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000009 aberta, R$ 8.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (79,15,'notificado',NULL,NULL,'2026-11-29 10:42:56','order ORD01JQ4S4KY8HWQ6NA5PXB000009');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (80,15,'respondido',NULL,NULL,'2026-11-29 10:42:56','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000009 paga, R$ 8.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (81,15,'pagamento',1,2,'2026-11-29 10:42:56',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (82,15,'cancelamento',1,5,'2026-11-29 10:42:56','acabou');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (83,15,'perguntado',NULL,NULL,'2026-11-29 10:42:56','reembolsar: R$ 8.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (84,15,'notificado',NULL,NULL,'2026-11-29 10:42:56','order ORD01JQ4S4KY8HWQ6NA5PXB000009');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (85,15,'respondido',NULL,NULL,'2026-11-29 10:42:56','reembolsar: ORD01JQ4S4KY8HWQ6NA5PXB000009 reembolsada, R$ 8.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (86,15,'reembolso',NULL,NULL,'2026-11-29 10:42:56','R$ 8.00 devolvidos');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (87,15,'pagamento',2,4,'2026-11-29 10:42:56',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (88,15,'respondido',NULL,NULL,'2026-11-29 10:42:56','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000009 reembolsada, R$ 8.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (89,16,'recebido',NULL,1,'2026-11-29 10:42:56',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (90,16,'perguntado',NULL,NULL,'2026-11-29 10:42:56','criar cobrança: R$ 22.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (91,16,'respondido',NULL,NULL,'2026-11-29 10:42:56','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000010 aberta, R$ 22.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (92,16,'cancelamento',1,5,'2026-11-29 10:42:56',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (93,16,'perguntado',NULL,NULL,'2026-11-29 10:42:56','cancelar cobrança: R$ 22.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (94,16,'respondido',NULL,NULL,'2026-11-29 10:42:57','cancelar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000010 cancelada, R$ 22.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (95,16,'pagamento',1,3,'2026-11-29 10:42:57',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (96,16,'notificado',NULL,NULL,'2026-11-29 10:42:57','order ORD01JQ4S4KY8HWQ6NA5PXB000010');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (97,16,'respondido',NULL,NULL,'2026-11-29 10:42:57','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000010 cancelada, R$ 22.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (98,7,'respondido',NULL,NULL,'2026-11-29 10:42:57','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000001 aberta, R$ 37.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (99,12,'respondido',NULL,NULL,'2026-11-29 10:42:58','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000006 aberta, R$ 25.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (100,12,'respondido',NULL,NULL,'2026-11-29 10:43:02','consultar: ORD01JQ4S4KY8HWQ6NA5PXB000006 aberta, R$ 25.80');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (101,17,'recebido',NULL,1,'2026-11-29 10:43:02',NULL);
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (102,17,'perguntado',NULL,NULL,'2026-11-29 10:43:02','criar cobrança: R$ 11.00');
INSERT INTO `eventos` (`id`, `pedido`, `tipo`, `de`, `para`, `datahora`, `detalhe`) VALUES (103,17,'respondido',NULL,NULL,'2026-11-29 10:43:02','criar cobrança: ORD01JQ4S4KY8HWQ6NA5PXB000011 aberta, R$ 11.00');
CREATE TABLE `idempotencia` (
  `chave` varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `corpo` char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `resposta` mediumtext DEFAULT NULL,
  `criada_em` datetime NOT NULL,
  PRIMARY KEY (`chave`),
  KEY `idempotencia_idade` (`criada_em`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `idempotencia` (`chave`, `corpo`, `resposta`, `criada_em`) VALUES ('chave-de-antes-0001','e10fec51703e069b12f5f9df5f2306a1e6c35b6f50d6df300b8f22f1c2236a30','{\"id\":7,\"senha\":7,\"status_pedido\":1,\"status_pedido_descricao\":\"Recebido\",\"cliente\":1,\"itens\":[{\"produto\":1,\"nome\":\"X-Burger da Casa\",\"quantidade\":2,\"descricao\":\"sem cebola\",\"valor\":18.90}],\"datahora_recebido\":\"2026-11-29T10:42:50Z\",\"datahora_preparacao\":null,\"datahora_pronto\":null,\"datahora_finalizado\":null,\"status_pagamento\":1,\"status_pagamento_descricao\":\"Pagamento enviado\",\"id_pagamento\":\"0220f5d3-9eff-4813-9a4a-3fb7b48b345f\",\"meio_pagamento\":null,\"qr_data\":\"00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/0220f5d3-9eff-4813-9a4a-3fb7b48b345f\",\"qr_situacao\":\"pronto\",\"datahora_expiracao\":\"2026-11-29T10:57:50Z\",\"valor_total\":37.80,\"valor_reembolsado\":0.00,\"versao\":2}','2026-11-29 10:42:50');
CREATE TABLE `itens` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `pedido` int(11) NOT NULL,
  `produto` int(11) DEFAULT NULL,
  `nome` varchar(255) NOT NULL DEFAULT '',
  `quantidade` int(11) NOT NULL,
  `valor` decimal(7,2) NOT NULL,
  `descricao` text DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `itens_do_pedido` (`pedido`,`id`),
  KEY `produto` (`produto`),
  CONSTRAINT `itens_ibfk_1` FOREIGN KEY (`pedido`) REFERENCES `pedidos` (`id`),
  CONSTRAINT `itens_ibfk_2` FOREIGN KEY (`produto`) REFERENCES `produtos` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=23 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (1,1,3,'Misto Quente na Chapa',2,15.20,'sem tomate');
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (2,1,8,'Guaraná Lata',2,6.50,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (3,2,1,'X-Burger da Casa',1,18.90,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (4,2,4,'Batata Frita',1,14.00,'bem passada');
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (5,2,7,'Suco de Laranja',1,9.50,'sem açúcar');
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (6,3,2,'X-Bacon Crocante',2,24.50,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (7,3,2,'X-Bacon Crocante',1,24.50,'sem cebola');
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (8,4,12,'Açaí com Granola',1,17.80,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (9,4,9,'Água Mineral',1,4.00,'com gás');
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (10,5,11,'Brigadeiro',4,5.50,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (11,6,10,'Pudim de Leite',1,11.00,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (12,7,1,'X-Burger da Casa',2,18.90,'sem cebola');
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (13,8,2,'X-Bacon Crocante',2,24.50,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (14,9,3,'Misto Quente na Chapa',2,15.20,'bem passado');
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (15,10,4,'Batata Frita',2,14.00,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (16,11,5,'Anéis de Cebola',2,16.50,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (17,12,6,'Salada do Dia',2,12.90,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (18,13,7,'Suco de Laranja',2,9.50,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (19,14,8,'Guaraná Lata',2,6.50,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (20,15,9,'Água Mineral',2,4.00,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (21,16,10,'Pudim de Leite',2,11.00,NULL);
INSERT INTO `itens` (`id`, `pedido`, `produto`, `nome`, `quantidade`, `valor`, `descricao`) VALUES (22,17,11,'Brigadeiro',2,5.50,NULL);
CREATE TABLE `migracoes` (
  `versao` int(11) NOT NULL,
  `aplicada_em` datetime NOT NULL,
  PRIMARY KEY (`versao`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `migracoes` (`versao`, `aplicada_em`) VALUES (0,'2026-11-29 10:42:50');
INSERT INTO `migracoes` (`versao`, `aplicada_em`) VALUES (1,'2026-11-29 10:42:49');
INSERT INTO `migracoes` (`versao`, `aplicada_em`) VALUES (2,'2026-11-29 10:42:50');
INSERT INTO `migracoes` (`versao`, `aplicada_em`) VALUES (3,'2026-11-29 10:42:50');
CREATE TABLE `notificacoes` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `topico` varchar(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `id_externo` varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  `recebida_em` datetime NOT NULL,
  `vezes` int(11) NOT NULL DEFAULT 1,
  `tentativas` int(11) NOT NULL DEFAULT 0,
  `proxima_em` datetime DEFAULT NULL,
  `veredito` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `notificacoes_topico_id_externo` (`topico`,`id_externo`),
  KEY `notificacoes_devidas` (`proxima_em`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
CREATE TABLE `pedidos` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `senha` int(11) DEFAULT NULL,
  `dia` date DEFAULT NULL,
  `cliente` int(11) DEFAULT NULL,
  `status_pedido` int(11) NOT NULL DEFAULT 1,
  `datahora_recebido` datetime NOT NULL DEFAULT current_timestamp(),
  `datahora_preparacao` datetime DEFAULT NULL,
  `datahora_pronto` datetime DEFAULT NULL,
  `datahora_finalizado` datetime DEFAULT NULL,
  `status_pagamento` int(11) NOT NULL DEFAULT 1,
  `id_pagamento` varchar(255) DEFAULT NULL,
  `qr_data` text DEFAULT NULL,
  `versao` int(11) NOT NULL DEFAULT 1,
  `meio_pagamento` varchar(20) DEFAULT NULL,
  `datahora_expiracao` datetime DEFAULT NULL,
  `valor_reembolsado` decimal(14,2) NOT NULL DEFAULT 0.00,
  PRIMARY KEY (`id`),
  UNIQUE KEY `pedidos_dia_senha` (`dia`,`senha`),
  KEY `pedidos_do_cliente` (`cliente`,`datahora_recebido`,`id`),
  KEY `pedidos_do_pagamento` (`id_pagamento`),
  KEY `pedidos_da_cozinha` (`status_pedido`,`datahora_recebido`,`id`,`versao`),
  CONSTRAINT `pedidos_ibfk_1` FOREIGN KEY (`cliente`) REFERENCES `clientes` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=18 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (1,1,'2026-11-29',1,1,'2026-11-29 10:38:50',NULL,NULL,NULL,1,'b715bik7-2726-4d51-a729-749cc7bda703',NULL,1,NULL,NULL,0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (2,2,'2026-11-29',2,2,'2026-11-29 10:31:50','2026-11-29 10:33:50',NULL,NULL,2,'5d0e2c1a-93b4-4f0e-8a55-0c6f2e7b9d12',NULL,1,NULL,NULL,0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (3,3,'2026-11-29',NULL,3,'2026-11-29 10:23:50','2026-11-29 10:26:50','2026-11-29 10:39:50',NULL,2,'0b8f4d6e-1c2a-4e3b-9f7d-5a6b7c8d9e0f',NULL,1,NULL,NULL,0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (4,4,'2026-11-29',3,4,'2026-11-29 09:39:50','2026-11-29 09:42:50','2026-11-29 09:51:50','2026-11-29 09:57:50',2,'7a1c9e3b-5d7f-4b2a-8c6e-1f0d2b3a4c5e',NULL,1,NULL,NULL,0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (5,5,'2026-11-29',NULL,1,'2026-11-29 10:40:50',NULL,NULL,NULL,3,'c4e6a8b0-2d4f-4a6c-8e0b-3f5d7a9c1e2b',NULL,1,NULL,NULL,0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (6,6,'2026-11-29',2,5,'2026-11-29 10:02:50',NULL,NULL,NULL,1,'e1f3a5c7-9b2d-4e6f-8a0c-2b4d6f8a0c1e',NULL,1,NULL,NULL,0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (7,7,'2026-11-29',1,1,'2026-11-29 10:42:50',NULL,NULL,NULL,1,'0220f5d3-9eff-4813-9a4a-3fb7b48b345f','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/0220f5d3-9eff-4813-9a4a-3fb7b48b345f',2,NULL,'2026-11-29 10:57:50',0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (8,8,'2026-11-29',NULL,1,'2026-11-29 10:42:51',NULL,NULL,NULL,2,'fbc1fd8f-6a78-4dbf-8f9c-99ba7a872979','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/fbc1fd8f-6a78-4dbf-8f9c-99ba7a872979',3,'qr','2026-11-29 10:57:51',0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (9,9,'2026-11-29',2,2,'2026-11-29 10:42:52','2026-11-29 10:42:54',NULL,NULL,2,'6dde431c-f687-440a-a787-e61af836c6bc','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/6dde431c-f687-440a-a787-e61af836c6bc',4,'qr','2026-11-29 10:57:52',0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (10,10,'2026-11-29',NULL,3,'2026-11-29 10:42:54',NULL,'2026-11-29 10:42:55',NULL,2,'488a28e4-04a5-4dad-ba72-30f67f2cea53','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/488a28e4-04a5-4dad-ba72-30f67f2cea53',4,'qr','2026-11-29 10:57:54',0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (11,11,'2026-11-29',NULL,4,'2026-11-29 10:42:55',NULL,NULL,'2026-11-29 10:42:55',2,'0175d5e9-e2ca-4a17-b795-c10fe4f88045','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/0175d5e9-e2ca-4a17-b795-c10fe4f88045',4,'qr','2026-11-29 10:57:55',0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (12,12,'2026-11-29',NULL,3,'2026-11-29 10:42:55',NULL,'2026-11-29 10:42:55',NULL,1,'c78037a1-22d0-4673-a06f-f83ccff49c94','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/c78037a1-22d0-4673-a06f-f83ccff49c94',4,NULL,'2026-11-29 10:57:55',0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (13,13,'2026-11-29',NULL,1,'2026-11-29 10:42:55',NULL,NULL,NULL,2,'e96682e1-5ae2-4508-8f65-9a36b7fad6ce','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/e96682e1-5ae2-4508-8f65-9a36b7fad6ce',3,'dinheiro','2026-11-29 10:57:55',0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (14,14,'2026-11-29',NULL,1,'2026-11-29 10:42:55',NULL,NULL,NULL,2,'0de4e78f-3e2f-4d57-a038-d6b797329ec0','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/0de4e78f-3e2f-4d57-a038-d6b797329ec0',4,'qr','2026-11-29 10:57:55',1.50);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (15,15,'2026-11-29',NULL,5,'2026-11-29 10:42:56',NULL,NULL,NULL,4,'e9a40398-8a8c-4702-b695-cf59e5532f25','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/e9a40398-8a8c-4702-b695-cf59e5532f25',5,'qr','2026-11-29 10:57:56',8.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (16,16,'2026-11-29',NULL,5,'2026-11-29 10:42:56',NULL,NULL,NULL,3,'ac81293c-00f2-47b1-8ee8-af3d83f12892','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/ac81293c-00f2-47b1-8ee8-af3d83f12892',4,NULL,'2026-11-29 10:57:56',0.00);
INSERT INTO `pedidos` (`id`, `senha`, `dia`, `cliente`, `status_pedido`, `datahora_recebido`, `datahora_preparacao`, `datahora_pronto`, `datahora_finalizado`, `status_pagamento`, `id_pagamento`, `qr_data`, `versao`, `meio_pagamento`, `datahora_expiracao`, `valor_reembolsado`) VALUES (17,17,'2026-11-29',NULL,1,'2026-11-29 10:43:02',NULL,NULL,NULL,1,'e232cac1-970a-412b-86c3-0aaab666e671','00020101021226940014br.gov.bcb.pix2572substituto.ambrosia.invalid/e232cac1-970a-412b-86c3-0aaab666e671',2,NULL,'2026-11-29 10:58:02',0.00);
CREATE TABLE `produtos` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `nome` varchar(255) NOT NULL,
  `categoria` int(11) NOT NULL,
  `valor` decimal(7,2) NOT NULL,
  `descricao` text DEFAULT NULL,
  `ativo` tinyint(4) NOT NULL DEFAULT 1,
  PRIMARY KEY (`id`),
  KEY `produtos_cardapio` (`ativo`,`categoria`,`id`),
  KEY `categoria` (`categoria`),
  CONSTRAINT `produtos_ibfk_1` FOREIGN KEY (`categoria`) REFERENCES `categoria_produto` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=13 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (1,'X-Burger da Casa',1,18.90,'Hambúrguer de 150 g, queijo prato e maionese verde',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (2,'X-Bacon Crocante',1,24.50,'Hambúrguer de 150 g, bacon, queijo e cebola roxa',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (3,'Misto Quente na Chapa',1,15.20,'Pão de forma na manteiga, presunto, queijo e tomate',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (4,'Batata Frita',2,14.00,'Porção de 300 g com alecrim',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (5,'Anéis de Cebola',2,16.50,'Dez unidades, com molho da casa',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (6,'Salada do Dia',2,12.90,'Folhas, tomate-cereja e limão',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (7,'Suco de Laranja',3,9.50,'400 ml, espremido na hora',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (8,'Guaraná Lata',3,6.50,'350 ml',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (9,'Água Mineral',3,4.00,'500 ml, com ou sem gás',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (10,'Pudim de Leite',4,11.00,'Fatia com calda de caramelo',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (11,'Brigadeiro',4,5.50,'Unidade, 40 g',1);
INSERT INTO `produtos` (`id`, `nome`, `categoria`, `valor`, `descricao`, `ativo`) VALUES (12,'Açaí com Granola',4,17.80,'Tigela de 300 ml com banana',1);
CREATE TABLE `senhas` (
  `dia` date NOT NULL,
  `ultima` int(11) NOT NULL,
  PRIMARY KEY (`dia`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
INSERT INTO `senhas` (`dia`, `ultima`) VALUES ('2026-11-29',17);
