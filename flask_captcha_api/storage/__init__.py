"""Where answers are kept, as digests, until they are taken or expire."""
