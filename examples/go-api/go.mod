module sekisho.example/examples/go-api

go 1.24.0

require sekisho.example/sdk/go v0.0.0

require (
	github.com/dchest/siphash v1.2.3 // indirect
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
)

// In a project of your own there is a version instead of this line.
replace sekisho.example/sdk/go => ../../sdk/go
