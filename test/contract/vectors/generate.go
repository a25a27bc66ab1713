// Prints what the libraries of Kubernetes make of random objects, as one JSON value per line, for tests that hold Berth
// against it. generate.sh runs it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
)

const deepest = 14

// shares of the fields that are set: everything, and a part of it.
var shares = []float64{1, 0.4}

// left are the fields that are not filled: the kind, which is set after.
var left = []string{"TypeMeta"}

var random = rand.New(rand.NewSource(1))
var texts int

// few says that texts come from a few letters, and numbers from a few: then two objects have much in common.
var few bool
var letters = []string{"a", "b", "c", "d", "e", "f"}
var out = bufio.NewWriter(os.Stdout)

// special gives a value of the types whose JSON is not that of their fields.
func special(of any) any {
	at := time.Unix(1700000000+int64(random.Intn(1000000)), 0).UTC()
	switch of.(type) {
	case resource.Quantity:
		return resource.MustParse([]string{"3", "250m", "1Gi", "1500m", "12k"}[random.Intn(5)])
	case intstr.IntOrString:
		if random.Intn(2) == 0 {
			return intstr.FromInt32(random.Int31n(1000) + 1)
		}
		return intstr.FromString("25%")
	case metav1.Time:
		return metav1.NewTime(at)
	case metav1.MicroTime:
		return metav1.NewMicroTime(at.Add(123456 * time.Microsecond))
	case metav1.Duration:
		return metav1.Duration{Duration: 5 * time.Second}
	case metav1.FieldsV1:
		return metav1.FieldsV1{Raw: []byte(`{"f:a":{}}`)}
	case runtime.RawExtension:
		return runtime.RawExtension{Raw: []byte(`{"a":1}`)}
	}
	return nil
}

func fill(value reflect.Value, share float64, depth int) {
	if value.CanSet() {
		if made := special(value.Interface()); made != nil {
			value.Set(reflect.ValueOf(made))
			return
		}
	}
	switch value.Kind() {
	case reflect.String:
		texts++
		value.SetString(fmt.Sprintf("s%d", texts))
		if few {
			value.SetString(letters[random.Intn(3)])
		}
	case reflect.Bool:
		value.SetBool(few || random.Intn(4) > 0)
	case reflect.Int32, reflect.Int64:
		value.SetInt(int64(random.Intn(100000) + 1))
		if few {
			value.SetInt(int64(random.Intn(3) + 1))
		}
	case reflect.Uint8:
		value.SetUint(uint64(random.Intn(200) + 1))
	case reflect.Struct:
		for i := 0; i < value.NumField(); i++ {
			field := value.Type().Field(i)
			if !slices.Contains(left, field.Name) && (field.Anonymous || random.Float64() < share) {
				fill(value.Field(i), share, depth+1)
			}
		}
	case reflect.Ptr, reflect.Slice, reflect.Map:
		if depth < deepest {
			fillReference(value, share, depth)
		}
	}
}

func fillReference(value reflect.Value, share float64, depth int) {
	switch value.Kind() {
	case reflect.Ptr:
		value.Set(reflect.New(value.Type().Elem()))
		fill(value.Elem(), share, depth+1)
	case reflect.Slice:
		length := 1 + random.Intn(2)
		value.Set(reflect.MakeSlice(value.Type(), length, length))
		for i := 0; i < length; i++ {
			fill(value.Index(i), share, depth+1)
		}
	case reflect.Map:
		key, element := reflect.New(value.Type().Key()).Elem(), reflect.New(value.Type().Elem()).Elem()
		fill(key, share, depth+1)
		fill(element, share, depth+1)
		value.Set(reflect.MakeMap(value.Type()))
		value.SetMapIndex(key, element)
	}
}

func main() {
	defer out.Flush()
	known := scheme.Scheme.AllKnownTypes()
	for _, name := range os.Args[2:] {
		slash := strings.LastIndex(name, "/")
		kind := schema.FromAPIVersionAndKind(name[:slash], name[slash+1:])
		switch os.Args[1] {
		case "objects":
			printObjects(kind, known[kind])
		case "patches":
			printPatches(kind, known[kind])
		case "applies":
			printApplies(kind, known[kind])
		}
	}
}

// printObjects prints objects as JSON and as protobuf: one with all its fields, one with some of them.
func printObjects(kind schema.GroupVersionKind, of reflect.Type) {
	encoder := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	for _, share := range shares {
		made := reflect.New(of)
		fill(made.Elem(), share, 0)
		object := made.Interface().(runtime.Object)
		object.GetObjectKind().SetGroupVersionKind(kind)
		body, err := runtime.Encode(encoder, object)
		check(err)
		printLine(map[string]any{"json": object, "protobuf": body})
	}
}

func printLine(value any) {
	line, err := json.Marshal(value)
	check(err)
	fmt.Fprintf(out, "%s\n", line)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
