library(data.table)
library(ggplot2)
table <- data.table(x = 1:10, y = (1:10)^2)
print(table[, sum(y)])
