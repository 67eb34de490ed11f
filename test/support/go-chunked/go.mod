module ddiff.example/go-chunked

go 1.20
