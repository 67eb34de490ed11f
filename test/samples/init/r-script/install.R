install.packages(c("R6", "glue"))
