-- The same as in ../mysql, but for other events nothing is in the index.

CREATE INDEX eventos_do_dinheiro ON eventos (datahora, tipo, de, para, pedido, sequencia)
  WHERE tipo IN ('pagamento', 'reembolso');
