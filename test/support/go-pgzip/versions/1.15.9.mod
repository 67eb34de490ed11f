module ddiff.example/go-pgzip

go 1.20

require github.com/klauspost/pgzip v1.2.5

require github.com/klauspost/compress v1.15.9 // indirect
