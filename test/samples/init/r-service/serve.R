# Answers each request with a mean as JSON.
library(jsonlite)

listening <- serverSocket(8000L)
repeat {
  connection <- socketAccept(listening, open = "r+b", blocking = TRUE, timeout = 60)
  tryCatch({
    if (length(readLines(connection, n = 1L)) == 1L) {
      while (nzchar(readLines(connection, n = 1L))) {}
      user <- as.integer(system2("id", "-u", stdout = TRUE))
      body <- toJSON(list(mean = mean(1:4), user = user), auto_unbox = TRUE)
      head <- c("HTTP/1.1 200 OK", "Content-Type: application/json", "Connection: close", "")
      writeLines(c(head, body), connection, sep = "\r\n")
    }
  }, error = function(problem) message(conditionMessage(problem)), finally = close(connection))
}
