"""Pictures of the screens at three sizes, compared sign by sign."""
