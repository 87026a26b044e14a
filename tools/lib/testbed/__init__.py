"""What tests and the quickstart stand on: real servers, lockstep processes and the folder that remembers them."""
