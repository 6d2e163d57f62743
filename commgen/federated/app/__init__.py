"""An ordinary Flower app: the server's side, and the node's."""
