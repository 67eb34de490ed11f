module ddiff.example/go-zstd

go 1.20
