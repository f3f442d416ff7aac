"""Which image uses which, what each one reads, and what a change affects. Pure: values in, values out."""
