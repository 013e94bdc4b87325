"""Storage of the keyed digests of answers, each until it is taken or expires."""
