//go:build !linux

package clienttest

import (
	"context"
	"errors"
	"fmt"
)

var errLinuxOnly = fmt.Errorf("network namespaces are Linux's: %w", errors.ErrUnsupported)

// Enter does nothing on this system.
func Enter() {}

// Run returns an error that wraps [errors.ErrUnsupported] on this system.
func (c *Client) Run(context.Context, Scenario, Setup) (*Run, error) { return nil, errLinuxOnly }

// Command returns an error that wraps [errors.ErrUnsupported] on this system.
func (c *Client) Command(context.Context, Setup) (*Run, string, error) { return nil, "", errLinuxOnly }

func available(context.Context, string) (*Client, error) { return nil, errLinuxOnly }
