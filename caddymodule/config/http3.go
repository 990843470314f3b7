// Copyright The Kubera Authors.
// SPDX-License-Identifier: Apache-2.0

package config

// HTTP3Addresses are the addresses whose HTTPS listeners serve HTTP/3, too, see
// Gateway.HTTP3.
func (c *Config) HTTP3Addresses() map[string]bool {
	on := make(map[string]bool, len(c.Gateways))
	for i := range c.Gateways {
		on[c.Gateways[i].ID] = c.Gateways[i].HTTP3
	}
	addresses := map[string]bool{}
	for i := range c.Listeners {
		if l := &c.Listeners[i]; l.Protocol == HTTPS && on[l.Gateway] {
			addresses[l.BindAddress()] = true
		}
	}
	for address := range c.UDPAddresses() {
		delete(addresses, address)
	}
	return addresses
}

// UDPAddresses are the addresses that UDP listeners have.
func (c *Config) UDPAddresses() map[string]bool {
	addresses := map[string]bool{}
	for i := range c.Listeners {
		if l := &c.Listeners[i]; l.Protocol == UDP {
			addresses[l.BindAddress()] = true
		}
	}
	return addresses
}
