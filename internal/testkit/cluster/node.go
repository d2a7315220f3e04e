package cluster

import (
	"context"
	"errors"
	"io"
)

func namespace(name string) string                             { return "keda-" + name }
func (l *launch) network(context.Context) error                { return errors.ErrUnsupported }
func (l *launch) node(context.Context) error                   { return errors.ErrUnsupported }
func (l *launch) system(context.Context) error                 { return errors.ErrUnsupported }
func (l *launch) forwardAPI() error                            { return nil }
func takeNodeDown(context.Context, string, *State) error       { return nil }
func takeNetworkDown(context.Context, string, *State) error    { return nil }
func importImage(context.Context, string, string) error        { return errors.ErrUnsupported }
func systemImages(string, map[string]string) ([]string, error) { return nil, errors.ErrUnsupported }
func EnsureFull(context.Context, io.Writer) error              { return errors.ErrUnsupported }
