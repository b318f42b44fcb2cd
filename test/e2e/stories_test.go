// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import "testing"

// TestStories tells all stories on one cluster. Those in which much is waited for are told side by side, each in namespaces of its
// own; the last one takes the operator away. To tell one alone, name it: -run 'TestStories/side_by_side/a_portal'.
func TestStories(t *testing.T) {
	t.Run("side by side", func(t *testing.T) {
		t.Run("a network in a Cluster of CloudNativePG", besideTheMainJob(networkInAClusterOfCloudNativePG))
		t.Run("a portal is reached through Traefik", besideTheMainJob(portalIsReachedThroughTraefik))
		t.Run("the main job", func(t *testing.T) { t.Parallel(); theMainJob(t) })
	})
	t.Run("a network on somebody else's server", networkOnSomebodyElsesServer)
	t.Run("bad campaigns are refused before any mail is sent", badCampaignsAreRefused)
	t.Run("a network is deleted in every way", networkIsDeletedInEveryWay)
}

// besideTheMainJob tells a story that the main job waits for before it does what would disturb it.
func besideTheMainJob(story func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		world.beside.Add(1)
		t.Cleanup(world.beside.Done)
		t.Parallel()
		story(t)
	}
}
