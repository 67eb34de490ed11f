module ddiff.example/go-pgzip

go 1.21

require github.com/klauspost/pgzip v1.2.6

require github.com/klauspost/compress v1.17.11 // indirect
