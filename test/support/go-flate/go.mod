module ddiff.example/go-flate

go 1.8
