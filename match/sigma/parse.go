package sigma

// Parse reads the YAML documents of one file.
func Parse(data []byte, file string, opt LoadOptions) *Collection { return &Collection{} }
