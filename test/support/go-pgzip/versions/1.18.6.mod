module ddiff.example/go-pgzip

go 1.24

require github.com/klauspost/pgzip v1.2.6

require github.com/klauspost/compress v1.18.6 // indirect
