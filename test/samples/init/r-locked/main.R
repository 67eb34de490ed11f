library(magrittr)

total <- c(1, 2, 3) %>% sum()
cat("summed to", total, "as user", system2("id", "-u", stdout = TRUE), "\n")
