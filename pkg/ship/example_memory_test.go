package ship_test

import (
	"testing"

	"ams/pkg/upload"
	"ams/pkg/upload/storetest"
)

func TestTheExamplesStoreIsOne(t *testing.T) {
	storetest.Run(t, func(*testing.T) upload.Store { return &memory{objects: map[string]kept{}} })
}
