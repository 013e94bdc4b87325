"""What the guides promise of other packages, tried with these: ``make test-recipes``, in an environment of its own."""
