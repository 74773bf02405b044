package table

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"ams/pkg/upload"
)

// claimLapse is after how long a claim is nobody's any more: who holds it is dead, or so slow that another one may begin. Two
// at once lose nothing: a row that both wrote anew is there twice, and counts once.
const claimLapse = time.Hour

// claim is what claims/DAY.json holds.
type claim struct {
	Owner string    `json:"owner"`
	Token string    `json:"token"`
	At    time.Time `json:"at"`
}

// ClaimedError says that somebody else works on the parts of a day.
type ClaimedError struct {
	Day, Owner string
	At         time.Time
}

func (e *ClaimedError) Error() string {
	return fmt.Sprintf("the tables of %s are worked on by %s since %s", e.Day, e.Owner, e.At.UTC().Format(time.RFC3339))
}

// claim claims a day, or says in a [*ClaimedError] who has it. A claim of a clock that is an hour ahead has lapsed, too.
func (k *Keeper) claim(ctx context.Context, day string) (release func(), err error) {
	key := claimsPrefix + day + ".json"
	mine := claim{Owner: k.opt.Owner, Token: rand.Text(), At: k.now().UTC()}
	err = k.put(ctx, key, mine, upload.PutOptions{IfAbsent: true})
	if errors.Is(err, upload.ErrChanged) {
		var there claim
		etag, getErr := k.get(ctx, key, &there)
		switch age := mine.At.Sub(there.At); {
		case errors.Is(getErr, upload.ErrNotFound):
			err = k.put(ctx, key, mine, upload.PutOptions{IfAbsent: true})
		case getErr != nil:
			return nil, fmt.Errorf("claim the tables of %s: %w", day, getErr)
		case age < claimLapse && age > -claimLapse:
			return nil, &ClaimedError{day, there.Owner, there.At}
		default:
			err = k.put(ctx, key, mine, upload.PutOptions{IfMatch: etag})
		}
	}
	if errors.Is(err, upload.ErrChanged) {
		return nil, &ClaimedError{day, "another machine", mine.At}
	}
	if err != nil {
		return nil, fmt.Errorf("claim the tables of %s: %w", day, err)
	}
	return func() { k.release(context.WithoutCancel(ctx), key, mine) }, nil
}

// release gives a claim back. If that fails it lapses.
func (k *Keeper) release(ctx context.Context, key string, mine claim) {
	var there claim
	if _, err := k.get(ctx, key, &there); err == nil && there.Token == mine.Token {
		_ = k.opt.Store.Delete(ctx, key)
	}
}

// claimAll claims days one after the other, and waits for each.
func (k *Keeper) claimAll(ctx context.Context, days []string) (release func(), err error) {
	var held []func()
	release = func() {
		for _, give := range held {
			give()
		}
	}
	deadline := time.Now().Add(claimWait)
	for _, day := range days {
		for {
			give, err := k.claim(ctx, day)
			var claimed *ClaimedError
			if err == nil {
				held = append(held, give)
				break
			}
			if !errors.As(err, &claimed) || time.Now().After(deadline) {
				release()
				return nil, err
			}
			select {
			case <-time.After(claimPause):
			case <-ctx.Done():
				release()
				return nil, ctx.Err()
			}
		}
	}
	return release, nil
}
