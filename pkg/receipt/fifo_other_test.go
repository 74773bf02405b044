//go:build !unix

package receipt

import "errors"

func makeFIFO(string) error { return errors.ErrUnsupported }
