library(R6)
library(glue)

Counter <- R6Class("Counter", public = list(
  n = 0,
  add = function() {
    self$n <- self$n + 1
    invisible(self)
  }
))
counter <- Counter$new()$add()$add()
writeLines("done", "outputs/done.txt")
cat(as.character(glue("counted to {counter$n} as user {system2('id', '-u', stdout = TRUE)}\n")), "\n")
