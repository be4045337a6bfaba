BEGIN { @a = count(); printa(@a, @nosuch); }
