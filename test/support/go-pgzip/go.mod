module ddiff.example/go-pgzip

go 1.20
