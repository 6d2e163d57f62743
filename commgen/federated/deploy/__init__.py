"""Many machines: certificates, SuperLink, nodes with warm workers."""
