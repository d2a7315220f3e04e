// Copyright The terraform-provider-keda Authors
// SPDX-License-Identifier: Apache-2.0

package schema

// Kind says what a field holds in HCL.
type Kind uint8

// The kinds. Block is written at most once, Blocks any number of times.
const (
	String Kind = iota
	Int
	Float
	Bool
	Strings
	StringMap
	Dynamic
	Block
	Blocks
)

// Format refines what a string means, so that two spellings of one value are
// recognised as equal, and names that Kubernetes refuses as wrong.
type Format uint8

// The formats.
const (
	Plain         Format = iota
	Duration             // 30s equals 0m30s
	Quantity             // 1000m equals 1
	ObjectName           // lower case letters, digits, - and .
	NamespaceName        // lower case letters, digits and -
)

// Field is one argument or block.
type Field struct {
	// Name is the name in HCL.
	Name string
	// Kind is the shape in HCL.
	Kind Kind
	// At is where the value stands in the object that the parent describes:
	// the keys to follow. A field without a place is not sent to Kubernetes.
	At []string
	// Prose describes the field, in Markdown. Default and Enum are appended.
	Prose string
	// Required, Secret, Computed and Replace mean what they mean in Terraform;
	// Replace: a change destroys the object and creates another.
	Required, Secret, Computed, Replace bool
	// Deprecated says what to use instead.
	Deprecated string
	// Default is what holds when the field is not set; it is documented, not
	// sent. When Assumed, Terraform puts it into the plan (strings only); when
	// Written, Kubernetes puts it into the object.
	Default          any
	Assumed, Written bool
	// Enum lists the allowed values.
	Enum []string
	// Min and Max bound a number, Max also the count of blocks.
	Min, Max *int64
	// Format says which strings are equal, or possible.
	Format Format
	// Text says that the object holds the value as a string; nil means in its
	// own JSON type.
	Text *Text
	// Fields are what a block holds.
	Fields []Field
	// Implies is the value of a sibling key that a block stands for: the block
	// redis of a trigger implies type = "redis".
	Implies *Implied
}

// Text is how a value is written as a string.
type Text struct {
	// Separator stands between the items of a list or map.
	Separator string
}

// Implied is a key of the object, beside the block, and its value.
type Implied struct {
	Key, Value string
}

// Bound returns a pointer to n, for Min and Max.
func Bound(n int64) *int64 { return &n }

// IsBlock reports whether the field has fields of its own.
func (f *Field) IsBlock() bool { return f.Kind == Block || f.Kind == Blocks }

// FromServer reports whether only the cluster decides the value.
func (f *Field) FromServer() bool { return f.Computed && !f.Assumed }

// Find returns the field of that name, nil when there is none.
func Find(fields []Field, name string) *Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}
