// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command images builds the images of the local cluster without Docker and
// prints the path of each tarball: go run . operator | demo | postgres | traefik | cloudnative-pg | all.
//
// The tarballs lie in the cache folder under a name that carries a hash of
// their inputs, so that work is done only when an input changed, and the same
// inputs give the same image. Progress goes to standard error.
//
// The program may import the standard library and go-containerregistry. It
// must never push to a registry, run a program from an image that it builds, or
// need a privilege.
package main
