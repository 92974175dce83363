module sekisho.example/sdk/go

go 1.24.0

require (
	github.com/dchest/siphash v1.2.3
	github.com/go-jose/go-jose/v4 v4.1.8
)
