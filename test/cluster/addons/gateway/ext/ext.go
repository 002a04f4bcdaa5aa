// Package ext is where distributions of Traefik add fields of their own to its dynamic configuration.
// Traefik's module names it by a replacement inside its repository, which the module proxy does not carry; we add nothing.
package ext

// HTTP adds no field to the HTTP configuration.
type HTTP struct{}

// Router adds no field to a router.
type Router struct{}
